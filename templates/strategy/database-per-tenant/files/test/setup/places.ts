export * from './own-places.ts';
