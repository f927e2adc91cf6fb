/* The only script of ours. Pages lose nothing without it. */
/* "Send to family" where the browser can share. */
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-share]") : null;
  if (!link || !navigator.share) return;
  event.preventDefault();
  navigator.share({ title: link.dataset.share, url: link.href }).catch(() => {});
});
/* A form that htmx sent and that was not answered as hoped (refused, a fault of ours, no network) is sent again as the
   plain form it is, so that whoever pressed it gets a whole page that says so. Only forms that may come twice have htmx. */
for (const name of ["htmx:response:error", "htmx:error"])
  document.addEventListener(name, (event) => {
    const form = event.detail?.ctx?.sourceElement;
    if (form instanceof HTMLFormElement) form.submit();
  });
/* The focus of whoever pressed a button that a swap took away goes where the answer says. */
document.addEventListener("htmx:after:swap", () => document.querySelector("[data-focus]")?.focus());
