/** An order to the function that executes runs, as the body of an SQS message. */
import * as z from 'zod';

const functionOrder = z.object({ run: z.string().min(1).max(128), attempt: z.int().min(1) });

export const encodeFunctionOrder = (order: z.infer<typeof functionOrder>): string => JSON.stringify(order);

/** @throws ZodError or SyntaxError on what is no order */
export const decodeFunctionOrder = (body: string): z.infer<typeof functionOrder> =>
  functionOrder.parse(JSON.parse(body));
