/** What was measured of kernels, kept in the browser for the next visit. A browser that keeps nothing measures again. */
const DATABASE = "unnoise-tuning";
const STORE = "records";
const KEY = "all";

/** The engine's text of an earlier visit; empty if there is none. The engine itself judges whether it still holds. */
export async function storedTuning(): Promise<string> {
  try {
    const found = await request((store) => store.get(KEY), "readonly");
    return typeof found === "string" ? found : "";
  } catch {
    return "";
  }
}

export async function storeTuning(text: string): Promise<void> {
  try {
    await request((store) => store.put(text, KEY), "readwrite");
  } catch {
    // A private window, or no room: nothing is lost but half a second of the next visit.
  }
}

function request<T>(ask: (store: IDBObjectStore) => IDBRequest<T>, mode: IDBTransactionMode): Promise<T> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error ?? new Error("the browser's storage refused"));
    opening.onsuccess = () => {
      const database = opening.result;
      const transaction = database.transaction(STORE, mode);
      const asked = ask(transaction.objectStore(STORE));
      transaction.oncomplete = () => {
        database.close();
        resolve(asked.result);
      };
      transaction.onabort = () => {
        database.close();
        reject(transaction.error ?? new Error("the browser's storage refused"));
      };
    };
  });
}
