/** What a test has to know of a server's answers: which process gives them, and when something was done that may last. */
export interface Answers {
  /** Reads what the server sends. */
  readonly read: (data: Buffer) => void;
  /** The server's process; undefined until somebody has logged in. */
  readonly pid: () => number | undefined;
  readonly isInTransaction: () => boolean;
  /** Says that the open transaction has an id, before its next statement. */
  readonly noteId: () => void;
}

/**
 * Follows one connection. Whatever is said outside of a transaction may last. Inside of one nothing lasts before it is
 * committed, and no commit does where the transaction has no id: PostgreSQL gives one to each that writes.
 */
export function followAnswers(onChange: () => void): Answers {
  let pid: number | undefined;
  let isInTransaction: boolean | undefined;
  let hasId = false;
  let tags: string[] = [];
  const told = (type: string, body: Buffer): void => {
    if (type === 'K') pid = body.readInt32BE(0);
    if (type === 'C') tags.push(body.toString('latin1', 0, body.indexOf(0)));
    if (type !== 'Z') return;
    const before = isInTransaction;
    isInTransaction = body.toString('latin1', 0, 1) !== 'I';
    const isLogin = before === undefined;
    const goesOn = isInTransaction && !tags.includes('COMMIT');
    const onlyEnds =
      before === true && tags.length === 1 && (tags[0] === 'ROLLBACK' || (tags[0] === 'COMMIT' && !hasId));
    if (!isLogin && !goesOn && !onlyEnds) onChange();
    hasId = false;
    tags = [];
  };
  return {
    read: inMessages(told),
    pid: () => pid,
    isInTransaction: () => isInTransaction === true,
    noteId: () => void (hasId = true),
  };
}

/** Cuts a stream into messages: a letter, four bytes that count themselves and what follows, and that (Message Formats, chapter 54.7). */
function inMessages(told: (type: string, body: Buffer) => void): (data: Buffer) => void {
  let rest = Buffer.alloc(0);
  return (data) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 5) {
      const end = 1 + rest.readInt32BE(1);
      if (rest.length < end) return;
      told(rest.toString('latin1', 0, 1), rest.subarray(5, end));
      rest = rest.subarray(end);
    }
  };
}
