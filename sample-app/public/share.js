import { drawPicture } from './picture.js';

/** Sets up the buttons that copy the result of the race. */
export function setUpShare(form, view) {
  const status = document.getElementById('share-status');
  document.getElementById('copy-link').addEventListener('click', async () => {
    const { link } = form;
    status.textContent = await copyText(link).then(
      () => 'The link is copied.',
      () => link,
    );
  });
  document.getElementById('copy-image').addEventListener('click', async () => {
    // A browser without this permission, or without HTTPS on another host, saves the picture as a file.
    const picture = drawPicture(view.race);
    status.textContent = await copy(picture).then(
      () => 'The image is copied.',
      async () => save(await picture),
    );
  });
}

async function copyText(text) {
  await navigator.clipboard.writeText(text);
}

async function copy(picture) {
  await navigator.clipboard.write([new ClipboardItem({ 'image/png': picture })]);
}

function save(picture) {
  const href = URL.createObjectURL(picture);
  Object.assign(document.createElement('a'), { href, download: 'race-lab.png' }).click();
  setTimeout(() => URL.revokeObjectURL(href), 1000);
  return 'The image is saved as race-lab.png.';
}
