create table products (sku text primary key, views integer not null default 0);
insert into products (sku) values ('tea'), ('mug');
