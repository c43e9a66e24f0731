"use strict";
// The page is complete without this: it moves a line through a clip's picture while the clip plays, and lets a click in
// the picture choose the place (the player itself can be worked from the keyboard).
for (const card of document.querySelectorAll(".clip")) {
  const player = card.querySelector("audio");
  const picture = card.querySelector(".timeline");
  const head = card.querySelector(".playhead");
  if (!player || !picture || !head) continue;
  const left = Number(head.dataset.left);
  const right = Number(head.dataset.right);
  const seconds = Number(head.dataset.seconds);
  const show = () => {
    const x = left + (right - left) * Math.min(player.currentTime / seconds, 1);
    head.setAttribute("x1", x);
    head.setAttribute("x2", x);
    card.classList.add("live");
  };
  const follow = () => {
    show();
    if (!player.paused) requestAnimationFrame(follow);
  };
  player.addEventListener("play", () => {
    for (const other of document.querySelectorAll("audio")) if (other !== player) other.pause();
    follow();
  });
  player.addEventListener("seeked", show);
  picture.style.cursor = "pointer";
  picture.addEventListener("click", (event) => {
    const matrix = picture.getScreenCTM();
    const x = (event.clientX - matrix.e) / matrix.a;
    player.currentTime = seconds * Math.min(Math.max((x - left) / (right - left), 0), 1);
    player.play();
  });
}
