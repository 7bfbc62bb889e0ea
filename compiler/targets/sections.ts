/** What the sections of a divided kernel are called, in every target alike. */

/** The first section of a divided kernel has its name; those after it are numbered. */
export const sectionName = (kernel: string, section: number): string => (section === 0 ? kernel : `${kernel}.${section + 1}`);
