export {
  administratorRights,
  copyPlaces,
  dropPlaces,
  migratedUrl,
  servedRole,
  type TableUrls,
  templateUrl,
} from './own-places.ts';
export { placeUrls } from './placed.ts';
