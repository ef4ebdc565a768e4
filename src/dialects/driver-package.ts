/** A package that contains one of MikroORM's drivers. */
export interface DriverPackage {
  /** The name of the package. */
  readonly name: string;
  /** The name under which the package exports the driver's class. */
  readonly driver: string;
  /** Imports the package by its literal name, so that bundlers follow it. Throws `MissingPackageError` if it is not installed. */
  load(): Promise<Readonly<Record<string, unknown>>>;
}
