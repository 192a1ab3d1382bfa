// Its own file so that the bundle takes this one class instead of the whole package.
export { Storage } from '@google-cloud/storage';
