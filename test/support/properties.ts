import * as fc from 'fast-check';

/** A draw as the code gets it: uniform in [0, 1). */
export const chances = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Checks a synchronous property (fast-check's own function is typed for asynchronous ones too). */
export const holds = <T>(property: fc.IProperty<T>): void => fc.assert(property);
