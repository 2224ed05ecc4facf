/** What opens packages from elsewhere, on phones that have some: with it they open with no network. */

export function keepOpener(): void {
  void navigator.serviceWorker?.ready.then((own) => own.active?.postMessage("keep the packages"));
}
