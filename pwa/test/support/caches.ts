/** Cache Storage of a browser, in memory: what Node lacks. */

class MemoryCache {
  readonly kept = new Map<string, Response>();
  roomBytes = Number.POSITIVE_INFINITY;

  async match(address: string): Promise<Response | undefined> {
    return this.kept.get(address)?.clone();
  }

  async put(address: string, response: Response): Promise<void> {
    const size = (await response.clone().arrayBuffer()).byteLength;
    if (size > this.roomBytes) throw new DOMException("full", "QuotaExceededError");
    this.kept.set(address, response);
  }

  async delete(address: string): Promise<boolean> {
    return this.kept.delete(address);
  }

  async keys(): Promise<{ url: string }[]> {
    return [...this.kept.keys()].map((address) => ({ url: new URL(address, "https://spark.example").href }));
  }
}

export class MemoryCaches {
  readonly all = new Map<string, MemoryCache>();

  async open(name: string): Promise<MemoryCache> {
    const cache = this.all.get(name) ?? new MemoryCache();
    this.all.set(name, cache);
    return cache;
  }

  async keys(): Promise<string[]> {
    return [...this.all.keys()];
  }

  async match(address: string): Promise<Response | undefined> {
    for (const cache of this.all.values()) {
      const found = await cache.match(address);
      if (found) return found;
    }
    return undefined;
  }

  async delete(name: string): Promise<boolean> {
    return this.all.delete(name);
  }
}

export async function sha256(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
