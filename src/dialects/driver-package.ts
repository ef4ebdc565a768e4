/** A package with one of MikroORM's drivers. */
export interface DriverPackage {
  /** Its name. */
  readonly name: string;
  /** The name of the driver's class, which the package exports. */
  readonly driver: string;
  /** Imports it by its literal name, which bundlers follow. Throws `MissingPackageError` if it is not installed. */
  load(): Promise<Readonly<Record<string, unknown>>>;
}
