/** Of a role binding; gcloud tells bindings apart by all of it. Source: google/type/expr.proto */
export interface Condition {
  readonly title: string;
  readonly description?: string | undefined;
  readonly expression: string;
}
