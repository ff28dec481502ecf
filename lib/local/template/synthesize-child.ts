/** Program: writes the templates into the given folder. A process of its own, as the CDK takes some 400 MB. */
import { synthesizeTemplates } from '../../infrastructure/synth-local.ts';

const [outdir = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(synthesizeTemplates({ stage: 'local', outdir })));
