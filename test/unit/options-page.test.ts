import { expect, it } from 'vitest';
import { optionsPage } from '../../generators/answers/options-page.ts';

it('docs/options.md is what options.ts says (npm run docs writes it)', async () => {
  await expect(optionsPage()).toMatchFileSnapshot('../../docs/options.md');
});
