/** Between a worker and the control plane, frame by frame: each may pass, be lost, or pass twice. */
import { once } from 'node:events';
import { WebSocket, WebSocketServer } from 'ws';
import { type ServerFrame, serverFrame, type WorkerFrame, workerFrame } from '../../lib/contracts/frames.ts';

export type Passing =
  | { readonly from: 'worker'; readonly frame: WorkerFrame }
  | { readonly from: 'control plane'; readonly frame: ServerFrame };

export type FrameProxy = {
  readonly url: string;
  readonly close: () => Promise<void>;
};

/** @param copies how often a frame is passed on */
export const startFrameProxy = async (targetUrl: string, copies: (passing: Passing) => number): Promise<FrameProxy> => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  await once(server, 'listening');

  server.on('connection', (worker, request) => {
    const { authorization = '' } = request.headers;
    const plane = new WebSocket(targetUrl, { headers: { authorization } });
    const opened = once(plane, 'open').catch(() => worker.terminate());
    // One after the other, so that frames keep their order while the way on is still being opened.
    let last: Promise<unknown> = opened;
    const pass = (to: WebSocket, text: string, times: number): void => {
      last = last.then(() => {
        for (let copy = 0; copy < times && to.readyState === WebSocket.OPEN; copy += 1) {
          to.send(text);
        }
      });
    };
    worker.on('message', (data) => {
      const text = String(data);
      pass(plane, text, copies({ from: 'worker', frame: workerFrame.parse(JSON.parse(text)) }));
    });
    plane.on('message', (data) => {
      const text = String(data);
      pass(worker, text, copies({ from: 'control plane', frame: serverFrame.parse(JSON.parse(text)) }));
    });
    worker.on('close', () => plane.terminate());
    plane.on('close', () => worker.terminate());
    worker.on('error', () => plane.terminate());
    plane.on('error', () => worker.terminate());
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `ws://127.0.0.1:${port}`,
    close: async () => {
      for (const client of server.clients) {
        client.terminate();
      }
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
