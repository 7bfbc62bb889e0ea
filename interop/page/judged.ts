/** What the page found, as it says it to whoever drives it. */
export interface Judged {
  /** Shares of the held-out rows that are right. */
  readonly before: number;
  readonly after: number;
  /** Steps a second. */
  readonly rate: number;
  /** Of the ONNX file. */
  readonly bytes: number;
  /** ONNX Runtime beside the trainer. */
  readonly apart: number;
}
