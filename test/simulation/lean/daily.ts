/** A year of daily schedules in many time zones: each fires once on each day of its own calendar, at its own time of day. */
import type { Alarm } from '../../../lib/domain/alarm.ts';
import { NOW } from '../../support/rows.ts';
import { seeded } from '../../support/seeded.ts';
import { createHeap } from './heap.ts';
import { createLeanWorld } from './world.ts';

/** 2030 is no leap year. */
export const DAYS = 365;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
const ZONES = [
  ...['UTC', 'Europe/Berlin', 'Europe/London', 'Europe/Dublin', 'Europe/Athens', 'Africa/Cairo', 'Africa/Casablanca'],
  ...['America/New_York', 'America/Los_Angeles', 'America/Santiago', 'America/St_Johns', 'America/Sao_Paulo'],
  ...['Asia/Shanghai', 'Asia/Kolkata', 'Asia/Kathmandu', 'Asia/Jerusalem', 'Asia/Tokyo'],
  ...['Australia/Sydney', 'Australia/Lord_Howe', 'Pacific/Auckland', 'Pacific/Chatham', 'Pacific/Kiritimati'],
] as const;

export type Daily = {
  readonly schedules: number;
  readonly fires: number;
  /** What is wrong, if anything: the first of it. */
  readonly problem: string | undefined;
  /** All of it in one line. */
  readonly line: string;
};

type Plan = { readonly zone: string; readonly hour: number; readonly minute: number };

const two = (value: number): string => String(value).padStart(2, '0');

/** As the clocks on the walls of a zone show an instant: `2030-03-31 03:30`. */
const wallClock = (zone: string): ((instant: number) => string) => {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' });
  return (instant) => format.format(instant);
};

/** The first day, as its zone's calendar names it when the year begins at UTC, may have lost its occurrence before. */
const problemOf = ({ zone, hour, minute }: Plan, fired: readonly number[]): string | undefined => {
  const show = wallClock(zone);
  const shown = fired.map(show);
  const name = `the schedule of ${two(hour)}:${two(minute)} in ${zone}`;
  if (fired.length !== DAYS) {
    return `${name} fired ${fired.length} times`;
  }
  if (new Set(shown.map((text) => text.slice(0, 10))).size !== DAYS) {
    return `${name} fired twice on one day`;
  }
  // A time of day that a clock change leaves out is due when the clock has jumped: a minute before, it was still to come.
  const wrong = fired.find((instant, index) => {
    const [day, time = ''] = (shown[index] ?? '').split(' ');
    const asked = `${day} ${two(hour)}:${two(minute)}`;
    return asked !== shown[index] && !(show(instant - MINUTE_MS) < asked && asked < `${day} ${time}`);
  });
  return wrong === undefined ? undefined : `${name} fired at ${show(wrong)}`;
};

export const simulateDaily = async (schedules: number): Promise<Daily> => {
  const began = performance.now();
  const chance = seeded(schedules);
  const alarms = createHeap<Alarm>();
  const fired = new Map<string, number[]>();
  const plans = new Map<string, Plan>();
  let now = NOW;
  let problem: string | undefined;
  const { jobs, hasRun, created } = createLeanWorld({
    now: () => now,
    chance,
    send: async (alarm) => alarms.push(alarm.dueAt, alarm),
    pushed: ({ job = '', executeAt }) => {
      const all = fired.get(job) ?? [];
      all.push(executeAt);
      fired.set(job, all);
    },
  });
  for (let index = 0; index < schedules; index += 1) {
    const plan = {
      zone: ZONES[index % ZONES.length] ?? 'UTC',
      hour: Math.floor(chance() * 24),
      minute: Math.floor(chance() * 60),
    };
    const made = await jobs.create(
      {
        ...{ project: 'default', name: `daily ${index}`, category: 'default', description: '', saveLog: true },
        ...{ handler: 'send_email', payload: '{}', pool: 'default', priority: 5, maxTries: 1, timeoutMs: MINUTE_MS },
        ...{ strategy: 'least_loaded', state: 'active' },
        policy: { concurrency: 'allow', misfire: 'fire_once', misfireCap: 100 },
        schedule: {
          ...{ expression: `${plan.minute} ${plan.hour} * * *`, timeZone: plan.zone, jitterMs: 0 },
          ...{ days: 'or', gap: 'shift', overlap: 'once', startAt: NOW },
        },
      },
      'user:1',
    );
    if (made.kind === 'created') {
      plans.set(made.job.id, plan);
    }
  }
  const end = NOW + DAYS * DAY_MS;
  for (let next = alarms.pop(); next !== undefined; next = alarms.pop()) {
    const { at, item: alarm } = next;
    // The last fire of the year is the one whose occurrence lies in it.
    if (alarm.key.kind === 'job' && alarm.key.n < end) {
      now = Math.max(now, at);
      await jobs.ring(alarm);
    } else if (alarm.key.kind === 'run' && !hasRun(alarm.key.id)) {
      problem ??= `run ${alarm.key.id} has an alarm and no row`;
    }
  }
  for (const [id, plan] of plans) {
    problem ??= problemOf(plan, fired.get(id) ?? []);
  }
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const grouped = (value: number): string => value.toLocaleString('en-US');
  return {
    schedules: plans.size,
    fires: created(),
    problem,
    line: `${grouped(plans.size)} daily schedules over a year: ${grouped(created())} fires, each once, ${seconds} s`,
  };
};
