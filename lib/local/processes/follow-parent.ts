/**
 * Loaded before a Node program (`--import`) whose standard input is a pipe from its starter: when the pipe closes, the
 * starter is gone, and the program is asked to end as by a person: once, again a while later, then for good.
 */
const AGAIN_AFTER_MS = 5_000;

process.stdin.on('close', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGTERM'), AGAIN_AFTER_MS);
  setTimeout(() => process.exit(1), 2 * AGAIN_AFTER_MS);
});
process.stdin.resume();
// The pipe alone must not keep a program alive that has nothing left to do.
if ('unref' in process.stdin) {
  process.stdin.unref();
}
