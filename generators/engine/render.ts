import Handlebars from 'handlebars';

/** Renders one template; a variable that does not exist is an error, and nothing is HTML-escaped. */
export type Render = (template: string, variables: object) => string;

/** A renderer of its own, so that no helper registered elsewhere can reach it. */
export function createRenderer(helpers: Readonly<Record<string, Handlebars.HelperDelegate>> = {}): Render {
  const handlebars = Handlebars.create();
  handlebars.registerHelper({ json: (value: unknown) => JSON.stringify(value), ...helpers });
  return (template, variables) => handlebars.compile(template, { noEscape: true, strict: true })(variables);
}
