/** What the model imports: an edit here is an edit of the model. */
export const hidden = 8;
