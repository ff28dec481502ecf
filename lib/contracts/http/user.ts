/** API C's user. */
import * as z from 'zod';
import { USER_ROLES } from '../../domain/identity/access.ts';

export const userSchema = z
  .object({
    id: z.int().min(1),
    username: z.string(),
    email: z.string(),
    role: z.enum(USER_ROLES),
    status: z.literal([0, 1]).meta({ description: '1: may log in. 0: disabled' }),
  })
  .meta({ id: 'User' });

export type UserView = z.input<typeof userSchema>;

export const ADMIN_EXAMPLE: UserView = {
  id: 1,
  username: 'admin',
  email: 'admin@example.com',
  role: 'admin',
  status: 1,
};
