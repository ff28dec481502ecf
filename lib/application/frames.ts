/** What workers say on their sockets: all that the function of their frames needs of the engine. */
import type { Engine } from './api.ts';
import type { Parts } from './parts.ts';
import type { Ports } from './ports/index.ts';
import { createReceiveFrame } from './sessions/receive-frame.ts';
import { createDisconnect, createExpel, createRejectFrame } from './sessions/reject-frame.ts';

export type Frames = Pick<Engine, 'receiveFrame' | 'rejectFrame' | 'expel' | 'disconnect'>;

export const createFrames = (ports: Ports, parts: Parts): Frames => ({
  receiveFrame: createReceiveFrame(ports, parts),
  rejectFrame: createRejectFrame(ports),
  expel: createExpel(ports),
  disconnect: createDisconnect(ports),
});
