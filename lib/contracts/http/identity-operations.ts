/** Operations of the identity function, which alone may sign tokens and change who may do what. */
import { createApiKey, listApiKeys, revokeApiKey, rollApiKey } from './api-keys.ts';
import { listAudit } from './audit.ts';
import { getProfile, login, logout, refreshTokens } from './auth.ts';
import { getJwks } from './jwks.ts';
import { changePassword, createUser, deleteUser, getUser, listUsers, updateUser } from './users.ts';

export const identityOperations = {
  login,
  refreshTokens,
  getProfile,
  logout,
  listUsers,
  getUser,
  createUser,
  updateUser,
  deleteUser,
  changePassword,
  createApiKey,
  listApiKeys,
  revokeApiKey,
  rollApiKey,
  listAudit,
  getJwks,
};
