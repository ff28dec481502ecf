/** What the stack needs from the machine, checked before anything starts. Each failure is one line that says what to do. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

/** A problem that its reader can solve: shown as one line, without a stack trace. */
export class PreflightError extends Error {
  override readonly name = 'PreflightError';
}

/** The runtime of Lambda (nodejs24.x), and the first one that runs this TypeScript without a build. */
const LEAST_NODE = 24;
/** DynamoDB Local 3 is compiled for Java 17. */
const LEAST_JAVA = 17;

export const requireNode = (version: string = process.versions.node): void => {
  if (Number.parseInt(version, 10) < LEAST_NODE) {
    throw new PreflightError(
      `Node ${LEAST_NODE} is missing (this is ${version}): run "npm ci" without --ignore-scripts, then "npm start"`,
    );
  }
};

/** `1.8.0_402` is Java 8; since 9 the first number is the version. */
export const javaVersionOf = (text: string): number | undefined => {
  const match = /version "(?:1\.)?(\d+)/.exec(text);
  return match ? Number(match[1]) : undefined;
};

const javaHint = `install Java ${LEAST_JAVA} or later, or start with "npm start -- --engine memory", which needs none`;

/** The java program to run. */
export const requireJava = (environment: NodeJS.ProcessEnv = process.env): Promise<string> => {
  const { JAVA_HOME } = environment;
  const java = JAVA_HOME ? join(JAVA_HOME, 'bin', 'java') : 'java';
  return new Promise((resolve, reject) => {
    execFile(java, ['-version'], { env: environment, timeout: 10_000 }, (error, stdout, stderr) => {
      const version = javaVersionOf(`${stderr}${stdout}`);
      if (version !== undefined && version >= LEAST_JAVA) {
        resolve(java);
      } else if (version !== undefined) {
        reject(new PreflightError(`Java ${version} is too old for DynamoDB Local: ${javaHint}`));
      } else {
        const where = JAVA_HOME ? ` under JAVA_HOME=${JAVA_HOME}` : '';
        reject(new PreflightError(`Java is missing${where}: ${javaHint}`, { cause: error }));
      }
    });
  });
};

export const portTaken = (port: number, code: 'EADDRINUSE' | 'EACCES'): PreflightError =>
  new PreflightError(
    `Port ${port} ${code === 'EACCES' ? 'may not be used' : 'is taken'}: choose another with "npm start -- --port N"`,
  );
