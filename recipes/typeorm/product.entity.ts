import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('products')
export class Product {
  @PrimaryColumn('text')
  sku!: string;

  @Column('int', { default: 0 })
  views!: number;
}
