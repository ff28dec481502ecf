/** EventBridge Scheduler: one-time schedules that send a message within their minute and are then deleted. */

import { ConflictException, type CreateScheduleCommand } from '@aws-sdk/client-scheduler';
import { decodeAlarm } from '../../../lib/contracts/alarm-message.ts';
import type { Basics } from '../basics.ts';
import { keyText, type Queue } from './queue.ts';

const MINUTE_MS = 60_000;
/** How late a fire may come that AWS still retries: MaximumEventAgeInSeconds of the adapter. */
const LATE_MS = 15 * MINUTE_MS;

export type SchedulesClient = { readonly send: (command: CreateScheduleCommand) => Promise<void> };

type Surroundings = Basics & {
  readonly queue: Pick<Queue, 'accept' | 'bury'>;
};

const parseAt = (expression: string): number => Date.parse(`${/^at\((.+)\)$/.exec(expression)?.[1] ?? ''}Z`);

export const createSchedules = ({ timeline, chance, faults, ledger, say, queue }: Surroundings) => {
  const names = new Set<string>();
  let created = 0;
  const waiting = new Set<string>();

  const fire = (name: string, body: string): void => {
    const alarm = decodeAlarm(body);
    // It is deleted a while after it has fired: until then its name is taken.
    timeline.after(MINUTE_MS, () => names.delete(name));
    waiting.delete(name);
    if (faults.strike('schedule_dead')) {
      say(() => ['schedules', `${keyText(alarm)} goes to the dead-letter queue`]);
      queue.bury(alarm);
      return;
    }
    say(() => ['schedules', `fires ${keyText(alarm)}`]);
    queue.accept(body, 0);
    if (faults.strike('schedule_twice')) {
      queue.accept(body, 0);
    }
    ledger.onAlarm(alarm, -1);
  };

  const client: SchedulesClient = {
    send: async ({ input }) => {
      const { Name: name = '', ScheduleExpression: expression = '', Target: target } = input;
      const body = target?.Input ?? '';
      const fireAt = parseAt(expression);
      ledger.must(
        /^[0-9a-zA-Z-_.]{1,64}$/.test(name) && fireAt > timeline.now(),
        'no_error',
        () => `EventBridge takes no schedule ${name} ${expression}`,
      );
      if (names.has(name)) {
        throw new ConflictException({ message: 'Schedule already exists', $metadata: {}, Message: 'Conflict' });
      }
      names.add(name);
      waiting.add(name);
      created += 1;
      ledger.onAlarm(decodeAlarm(body), 1);
      const early = faults.strike('schedule_early') ? chance() * MINUTE_MS : 0;
      const late = faults.strike('schedule_late') ? chance() * LATE_MS : chance() * MINUTE_MS;
      timeline.at(early > 0 ? fireAt - early : fireAt + late, () => fire(name, body));
    },
  };
  return { client, created: () => created, waiting: () => waiting.size };
};
