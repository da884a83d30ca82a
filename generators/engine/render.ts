import Handlebars from 'handlebars';

/** Renders one template; a variable that does not exist is an error, and nothing is HTML-escaped. */
export type Render = (template: string, variables: object) => string;

export type Helpers = Readonly<Record<string, Handlebars.HelperDelegate>>;

/** A renderer of its own, so that no helper registered elsewhere can reach it. */
export function createRenderer(helpers: Helpers = {}, partials: Readonly<Record<string, string>> = {}): Render {
  const handlebars = Handlebars.create();
  handlebars.registerHelper(helpers);
  handlebars.registerPartial(partials);
  return (template, variables) => handlebars.compile(template, { noEscape: true, strict: true })(variables);
}
