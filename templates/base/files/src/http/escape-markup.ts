const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text inside XML or HTML; what XML cannot hold is left out. */
export function escapeMarkup(text: string): string {
  return text.replace(/[^\t\n\r\P{Cc}]/gu, '').replace(/[&<>"']/g, (character) => entities[character] ?? '');
}
