/** A vault that keeps nothing: only for looking at screens (`vite build --mode look`). */

export interface Person {
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly shared: boolean;
  readonly stayUnlocked: boolean;
}

const PEOPLE: readonly Person[] = [
  { userId: "u-amina", name: "Amina Yusupova", email: "amina@school.example", shared: false, stayUnlocked: true },
  { userId: "u-brian", name: "Brian Otieno", email: "brian@school.example", shared: false, stayUnlocked: true },
];

const key = () => crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt"]);

export const people = async (): Promise<Person[]> => (location.search.includes("nobody") ? [] : [...PEOPLE]);
export const enrol = async (_person: Person, _password: string): Promise<CryptoKey> => key();
export const unlock = async (_userId: string, password: string): Promise<CryptoKey | null> => (password ? key() : null);
export const stayUnlocked = async (_userId: string, _key: CryptoKey): Promise<void> => undefined;
export const keptKey = async (_userId: string): Promise<CryptoKey | null> => key();
export const signOut = async (_userId: string): Promise<void> => undefined;
export const forget = async (_userId: string): Promise<void> => undefined;
export const warm = async (): Promise<void> => undefined;
