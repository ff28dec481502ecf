import type { ServerFrameOf } from '../../contracts/frames.ts';
import { MAX_CATEGORIES, MAX_MESSAGE_BYTES } from '../../contracts/limits.ts';
import type { Category, Ports } from '../ports/index.ts';

type Scripts = NonNullable<ServerFrameOf<'welcome'>['categories']>[number];

/** Room for the scripts in the one message of a welcome. Three scripts have 512 characters each: some sixty categories. */
const MAX_SCRIPTS_BYTES = MAX_MESSAGE_BYTES - 4_096;

const hasScripts = ({ check, setup, teardown }: Category): boolean => `${check}${setup}${teardown}`.trim() !== '';

/**
 * The scripts of the categories that a worker serves: of all of them where it names none.
 * @returns those that have any
 */
export const createCategoryScripts = ({
  categories,
  log,
}: Pick<Ports, 'categories' | 'log'>): ((codes: readonly string[] | undefined) => Promise<Scripts[]>) => {
  const find = async (code: string): Promise<Category | undefined> => {
    const id = await categories.findId(code);
    return id === undefined ? undefined : categories.get(id);
  };

  return async (codes) => {
    const served =
      codes === undefined
        ? await categories.list({ deleted: false, limit: MAX_CATEGORIES })
        : (await Promise.all(codes.map(find))).filter((category) => category !== undefined);
    let bytes = 0;
    const fitting = served
      .filter((category) => category.deletedAt === undefined && hasScripts(category))
      .map(({ code, check, setup, teardown }) => ({ code, check, setup, teardown }))
      .filter((scripts) => {
        bytes += Buffer.byteLength(JSON.stringify(scripts));
        if (bytes > MAX_SCRIPTS_BYTES) {
          log.warn('A category has no room in the welcome: its runs begin unchecked', { category: scripts.code });
        }
        return bytes <= MAX_SCRIPTS_BYTES;
      });
    return fitting;
  };
};
