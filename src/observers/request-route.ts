/** The route that a request has reached. It is empty until Nest has found the handler, and for requests that reach none. */
export interface RequestRoute {
  /** The method and the pattern of the path, such as `POST /cart/:sku`. */
  text?: string;
}
