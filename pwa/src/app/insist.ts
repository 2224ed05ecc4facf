/** Asks until it is here, however often the link is cut: by itself, more and more seldom, and at once when somebody says so. */

const FIRST_MS = 1_000;
const MOST_MS = 15_000;

const resting = new Set<() => void>();

/** All that waits for its next try tries now. */
export function hurry(): void {
  for (const wake of resting) wake();
}

/**
 * `notYet` hears of each try that failed. What is no matter of the network (no TypeError) is not asked for again.
 *
 * Returns what ends it: neither is called after that.
 */
export function insist<T>(
  load: () => Promise<T>,
  came: (what: T) => void = () => undefined,
  notYet: (why: unknown) => void = () => undefined,
): () => void {
  let isOver = false;
  const ask = (pause: number) =>
    void load().then(
      (what) => isOver || came(what),
      async (why: unknown) => {
        if (isOver) return;
        notYet(why);
        if (!(why instanceof TypeError)) return;
        await rest(pause);
        if (!isOver) ask(Math.min(2 * pause, MOST_MS));
      },
    );
  ask(FIRST_MS);
  return () => {
    isOver = true;
  };
}

/** Rejects with what is no matter of the network. */
export function untilHere<T>(load: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    insist(load, resolve, (why) => why instanceof TypeError || reject(why));
  });
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      resting.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    resting.add(wake);
  });
}
