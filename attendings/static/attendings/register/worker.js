// Keeps the register pages that were opened, and what they are made of, so that a reload without network shows them again.
// Whoever logs out takes them along: a shared computer shows nobody's register to the next.

const CACHE = "registers-1";
const PATIENCE = 4000;

const isRegister = (url) => /^\/admin\/meetings\/meeting\/[0-9a-f-]+\/register\/$/.test(url.pathname);
const isPart = (request) => ["script", "style", "font", "image"].includes(request.destination);

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
    const url = new URL(event.request.url);
    if (url.origin !== location.origin) return;
    if (url.pathname.startsWith("/admin/logout") || url.pathname.startsWith("/admin/login")) event.waitUntil(caches.delete(CACHE));
    else if (event.request.method === "GET" && (isPart(event.request) || (event.request.mode === "navigate" && isRegister(url)))) {
        event.respondWith(fromNetworkOrCache(event.request));
    }
});

async function fromNetworkOrCache(request) {
    const cache = await caches.open(CACHE);
    try {
        const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE) });
        if (answer.ok && !answer.redirected && answer.type === "basic") await cache.put(request, answer.clone());
        return answer;
    } catch (error) {
        const kept = await cache.match(request, { ignoreVary: true });
        if (kept) return kept;
        throw error;
    }
}
