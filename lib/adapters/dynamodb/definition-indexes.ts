/**
 * Indexes of the definitions table, as the infrastructure declares them: keys only, read eventually. They are sparse: an
 * item is in an index when it has all attributes of the index's key.
 *
 * | index           | partition              | sorted by               | lists                                        |
 * | --------------- | ---------------------- | ----------------------- | -------------------------------------------- |
 * | `listed`        | `list`                 | `place`                 | jobs and flows by creation, workers by id, categories by code |
 * | `jobsByName`    | `list`                 | `jobName`, `place`      | jobs                                         |
 * | `jobsByUpdate`  | `list`                 | `jobUpdatedAt`, `place` | jobs                                         |
 * | `jobsByProject` | `list`, `jobProject`   | `place`                 | jobs                                         |
 * | `jobsByCategory`| `list`, `jobCategory`  | `place`                 | jobs                                         |
 * | `jobsByState`   | `jobState`             | `place`                 | jobs, also those deleted                     |
 *
 * `list` is on what is not deleted, and names another list on workers and categories that are.
 */
export const LISTED_INDEX = 'listed';
export const NAME_INDEX = 'jobsByName';
export const UPDATE_INDEX = 'jobsByUpdate';
export const PROJECT_INDEX = 'jobsByProject';
export const CATEGORY_INDEX = 'jobsByCategory';
export const STATE_INDEX = 'jobsByState';

/** Values of `list`. */
export const LISTS = {
  jobs: 'JOB',
  workers: 'WORKER',
  deletedWorkers: 'WORKER_DELETED',
  categories: 'CATEGORY',
  deletedCategories: 'CATEGORY_DELETED',
  flows: 'FLOW',
} as const;
