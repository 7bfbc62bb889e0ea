/** The package's version, as headers cite it; a test holds it equal to package.json. */
export const VERSION = "0.1.0";
