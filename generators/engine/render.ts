import Handlebars from 'handlebars';

/** A template as text, or as the build compiled it. */
export type Template = string | TemplateSpecification;

/** Renders one template; a variable that does not exist is an error, and nothing is HTML-escaped. */
export type Render = (template: Template, variables: object) => string;

export type Helpers = Readonly<Record<string, Handlebars.HelperDelegate>>;

/** How every template is compiled, whenever that is. */
export const compilation = { noEscape: true, strict: true } as const;

/** A renderer of its own, so that no helper registered elsewhere can reach it. */
export function createRenderer(helpers: Helpers = {}, partials: Readonly<Record<string, string>> = {}): Render {
  const handlebars = Handlebars.create();
  handlebars.registerHelper(helpers);
  handlebars.registerPartial(partials);
  return (template, variables) => {
    const run =
      typeof template === 'string' ? handlebars.compile(template, compilation) : handlebars.template(template);
    return run(variables);
  };
}
