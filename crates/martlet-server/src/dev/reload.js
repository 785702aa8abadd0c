// Served by `martlet dev` only: reloads the page after a change, and shows why the app could not be loaded.
(() => {
  const every_ms = 500;
  let version = null;
  let panel = null;

  function show(error) {
    if (!error) {
      panel?.remove();
      panel = null;
      return;
    }
    if (!panel) {
      panel = document.createElement("pre");
      panel.setAttribute("role", "alert");
      Object.assign(panel.style, {
        position: "fixed", inset: "auto 0 0 0", maxHeight: "60vh", overflow: "auto", margin: "0", padding: "1rem",
        background: "#2b1416", color: "#ffd9d9", borderTop: "3px solid #ff5c5c", zIndex: "2147483647",
        font: "13px/1.45 ui-monospace, monospace", whiteSpace: "pre-wrap",
      });
      document.body.append(panel);
    }
    panel.textContent = error;
  }

  async function look() {
    try {
      const answer = await fetch("/_dev/status", { cache: "no-store" });
      const status = await answer.json();
      if (version !== null && status.version !== version && !status.error) {
        location.reload();
        return;
      }
      version = status.version;
      show(status.error);
    } catch {
      // The server is being restarted: the next look finds it.
    }
    setTimeout(look, every_ms);
  }

  look();
})();
