create table products (sku text primary key, views integer not null default 0);
--> statement-breakpoint
insert into products (sku) values ('tea'), ('mug');
