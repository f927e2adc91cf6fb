/* The only script of ours: "send to family" where the browser can share. Pages lose nothing without it. */
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-share]") : null;
  if (!link || !navigator.share) return;
  event.preventDefault();
  navigator.share({ title: link.dataset.share, url: link.href }).catch(() => {});
});
