/** In a process of its own: the CDK is large, and what bundling prints is of no interest here. */
import { measureBundles } from './bundles.ts';

process.stdout.write(JSON.stringify(measureBundles(Number(process.argv[2]))));
