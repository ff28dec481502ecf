// Runs before every program here, on whatever Node there is: only Node 24 runs the TypeScript that follows.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `Node 24 is missing (this is ${process.versions.node}): run "npm ci" without --ignore-scripts, and start with npm\n`,
  );
  process.exit(1);
}
