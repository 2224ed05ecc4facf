/** Plain IndexedDB with promises at the ends only: on the bulk path a promise a put costs half the speed. */

/** The factory of this runtime; tests hand in another. */
export type Factory = Pick<IDBFactory, "open" | "deleteDatabase">;

export function openDatabase(factory: Factory, name: string, upgrade: (db: IDBDatabase) => void): Promise<IDBDatabase> {
  const request = factory.open(name, 1);
  request.onupgradeneeded = () => upgrade(request.result);
  return answerOf(request).then((db) => {
    // Another tab wants to drop this database (sign-out, forget): do not stand in its way.
    db.onversionchange = () => db.close();
    return db;
  });
}

/**
 * A database that comes back when the browser loses it: some close connections of a tab that slept, or of one whose disk
 * was busy. One that another tab drops is closed for good.
 */
export class Connection {
  private isOver = false;

  private constructor(
    private readonly factory: Factory,
    private readonly name: string,
    private readonly upgrade: (db: IDBDatabase) => void,
    private db: IDBDatabase | null,
  ) {}

  static async open(factory: Factory, name: string, upgrade: (db: IDBDatabase) => void): Promise<Connection> {
    const connection = new Connection(factory, name, upgrade, null);
    await connection.reopen();
    return connection;
  }

  /** Await nothing but its requests before its last one is asked for. */
  async begin(
    stores: string | readonly string[],
    mode: IDBTransactionMode = "readonly",
    options: IDBTransactionOptions = {},
  ): Promise<IDBTransaction> {
    const names = typeof stores === "string" ? stores : [...stores];
    try {
      return (this.db ?? (await this.reopen())).transaction(names, mode, options);
    } catch (error) {
      if (this.isOver || !isLost(error)) throw error;
      this.db = null;
      return (await this.reopen()).transaction(names, mode, options);
    }
  }

  close(): void {
    this.isOver = true;
    this.db?.close();
  }

  private async reopen(): Promise<IDBDatabase> {
    const db = await openDatabase(this.factory, this.name, this.upgrade);
    if (this.isOver) db.close();
    db.onclose = () => {
      if (this.db === db) this.db = null;
    };
    db.onversionchange = () => this.close();
    this.db = db;
    return db;
  }
}

/** As a lost connection is reported when a transaction is asked for: by the standard, and by WebKit. */
const isLost = (error: unknown): boolean =>
  error instanceof Error && (error.name === "InvalidStateError" || error.name === "UnknownError");

export function dropDatabase(factory: Factory, name: string): Promise<void> {
  return answerOf(factory.deleteDatabase(name)).then(() => undefined);
}

export function answerOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("db.request_failed"));
  });
}

/** Resolve when the transaction is durable; reject with its error, or with AbortError when it was aborted on purpose. */
export function committed(tx: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error ?? new DOMException("The transaction was given up.", "AbortError"));
  });
}

/** Give a transaction up, if it has not ended by itself already. */
export function abortQuietly(tx: IDBTransaction): void {
  try {
    tx.abort();
  } catch {
    // It has ended: aborted by the browser, for want of space.
  }
}

/** `true` if the disk is full. Nothing else tells: `estimate()` promises space that is not there. */
export function isQuotaError(error: unknown): boolean {
  return error instanceof Error && error.name === "QuotaExceededError";
}
