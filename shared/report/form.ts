import { tag, type Markup } from './markup.ts';

export interface FormField {
  /** The parameter's name. */
  readonly name: string;
  readonly label: string;
  /** What stands in it; undefined for nothing. */
  readonly value: string | undefined;
  readonly hint?: string;
  /** The values to choose from; any text without. */
  readonly choices?: readonly string[];
  /** Numbers get the keyboard for them. */
  readonly number?: boolean;
}

/** A form that sends its fields as parameters of a GET to `action`, without script: a field left empty is sent empty. */
export function getForm(about: string, action: string, submit: string, fields: readonly FormField[]): Markup {
  return tag(
    'form',
    { class: 'card form', method: 'get', action, 'aria-label': about },
    tag('input', { type: 'hidden', name: 'format', value: 'html' }),
    fields.map(fieldOf),
    tag('div', { class: 'actions' }, tag('button', { type: 'submit' }, submit)),
  );
}

function fieldOf(field: FormField): Markup {
  const { name, label, value = '', hint, choices, number = false } = field;
  const id = `field-${name}`;
  const described = hint === undefined ? undefined : `${id}-hint`;
  const control =
    choices === undefined
      ? tag('input', {
          id,
          name,
          value,
          type: 'text',
          inputmode: number ? 'decimal' : undefined,
          autocomplete: 'off',
          spellcheck: 'false',
          'aria-describedby': described,
        })
      : tag(
          'select',
          { id, name, 'aria-describedby': described },
          (choices.includes(value) ? choices : [value, ...choices]).map((choice) =>
            tag(
              'option',
              { value: choice, selected: choice === value ? true : undefined },
              choice === '' ? '–' : choice,
            ),
          ),
        );
  return tag(
    'div',
    {},
    tag('label', { for: id }, label),
    control,
    hint === undefined ? undefined : tag('small', { id: described }, hint),
  );
}
