/** One version for all of Layaway: the packages are released together. */
export const version = "0.1.0";
export const userAgent: string = `layaway/${version}`;
