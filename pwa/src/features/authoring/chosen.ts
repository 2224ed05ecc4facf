/** Pictures that were chosen since the app was opened: shown from the phone until the server has made its own of them. */

const addresses = new Map<string, string>(); // By file id. Few, and gone with the page.

export function keepChosen(fileId: string, file: File): void {
  if (!addresses.has(fileId)) addresses.set(fileId, URL.createObjectURL(file));
}

export const chosenPicture = (fileId: string): string | undefined => addresses.get(fileId);
