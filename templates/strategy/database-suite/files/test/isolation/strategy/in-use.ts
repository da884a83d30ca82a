import type pg from 'pg';
import { inTransaction } from '../../../src/platform/in-transaction.ts';
import { atSameLogin } from '../../../src/tenancy/places/connect.ts';
import { readSurvey, type Settled, type Survey } from '../../../src/tenancy/places/drift.ts';
import { roles } from '../../../src/tenancy/roles.ts';
import type { Mode, Recorder } from '../finding.ts';
import { inParallel } from '../parallel.ts';
import { stray } from './drifted.ts';
import { beginReading, type Look, lookInto, takeMeasure } from './look.ts';

/*
 * Tenants' databases that are in use, on a server that was given. Its administrator's login gets into those on the same
 * server: no tenant's password is opened, and every transaction only reads.
 */

/** How many are looked into, unless it is to be all of them: 100 take about 4 s. */
const mostOfMany = 100;

/** Others need connections too. */
const atOnce = 4;

/** K7: compares them with the template, and asks their catalogs what the lint asks. On connections of its own: the attack's is in a transaction. */
export async function lookIntoDatabases(
  admin: pg.Client,
  mode: Mode,
  recorder: Recorder,
  most: number = mode === 'full' ? Infinity : mostOfMany,
): Promise<void> {
  await atSameLogin(admin, { database: admin.database ?? '', host: null, port: null }, async (client) => {
    const survey = await take(client);
    const here = survey.settled.filter(({ host }) => host === null);
    const chosen = choose(here, most);
    const looks = await lookAgain(client, survey, await lookIntoAll(client, survey, chosen), recorder);
    for (const { tried, findings } of looks) {
      for (const [threat, count] of tried) recorder.check(threat, count);
      for (const finding of findings) recorder.find(finding);
    }
    const seen = looks.filter(({ problem }) => problem === undefined).length;
    const all = survey.settled.length - (chosen.length - looks.length);
    recorder.extent(`${seen} of ${all} databases of tenants looked into`);
    if (survey.unsettled > 0) recorder.note(`databases that are being made or erased: ${survey.unsettled}`);
    for (const why of [
      ...unseen(survey.settled, looks),
      ...(chosen.length < here.length
        ? [`${chosen.length} of ${here.length}, others each time: --full looks into all`]
        : []),
      ...(all === 0 ? ['no tenant has a database'] : []),
    ])
      recorder.leave({ threat: 'K7', why: `databases of tenants, in use: ${why}` });
  });
}

const take = async (client: pg.Client): Promise<Survey> =>
  await inTransaction(client, `${beginReading}; set local role ${roles.migrator}`, () => readSurvey(client));

/** Names are random: those that follow each other are any, and others the next time. */
function choose(places: readonly Settled[], most: number): readonly Settled[] {
  if (places.length <= most) return places;
  const start = Math.floor(Math.random() * places.length);
  return [...places.slice(start), ...places.slice(0, start)].slice(0, most);
}

async function lookIntoAll(client: pg.Client, survey: Survey, places: readonly Settled[]): Promise<Look[]> {
  if (places.length === 0) return [];
  const measure = await takeMeasure(client, survey);
  const looks: Look[] = [];
  await inParallel(places, async (place) => void looks.push(await lookInto(client, place, measure)), atOnce);
  return looks;
}

/** Where something was found, by now the database may have moved, be finished, or erased: that is what counts. */
async function lookAgain(
  client: pg.Client,
  before: Survey,
  looks: readonly Look[],
  recorder: Recorder,
): Promise<Look[]> {
  const isFine = ({ findings, problem }: Look): boolean => findings.length === 0 && problem === undefined;
  const fine = looks.filter(isFine);
  if (fine.length === looks.length && before.strays.length === 0) return fine;
  const survey = await take(client);
  for (const database of survey.strays) if (before.strays.includes(database)) recorder.find(stray(database));
  const doubtful = new Set(looks.filter((look) => !isFine(look)).map(({ place }) => place.database));
  const still = survey.settled.filter(({ database }) => doubtful.has(database));
  return [...fine, ...(await lookIntoAll(client, survey, still))];
}

/** By name, and why. */
function unseen(settled: readonly Settled[], looks: readonly Look[]): string[] {
  const elsewhere = settled.flatMap((place) => (place.host === null ? [] : [`${nameOf(place)} on ${place.host}`]));
  const unread = looks.flatMap(({ place, problem }) => (problem === undefined ? [] : [`${nameOf(place)}: ${problem}`]));
  return [
    ...(elsewhere.length > 0
      ? [`on other servers, where the login of --against is not sent: ${elsewhere.join(', ')}`]
      : []),
    ...(unread.length > 0 ? [`could not be read: ${unread.join('; ')}`] : []),
  ];
}

const nameOf = ({ slug, database }: Settled): string => `${slug ?? 'nobody yet'} (${database})`;
