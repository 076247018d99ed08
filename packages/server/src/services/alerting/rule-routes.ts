import { setImmediate as yieldToOthers } from 'node:timers/promises';
import {
  type AlertRule,
  AlertRuleChange,
  type AlertRuleDefinition,
  AlertRuleInput,
  createRule,
  deleteRule,
  getRule,
  ListRulesQuery,
  listRules,
  previewRule as previewRuleContract,
  RuleParams,
  RulePreviewBody,
  replaceRule,
  updateRule,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { entityTag, matchOptions } from '../../access/routes/entity-tag.ts';
import { envelope, timeText } from '../../access/routes/envelope.ts';
import { readPage } from '../../access/routes/record-pages.ts';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { type AlertRuleRecord, alertRuleOrigins, alertRules } from '../../domain/records/alert-rules.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { RecordRef, RecordStore, WriteOptions } from '../../engines/record-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import type { DefinedMetrics } from './defined-metrics.ts';
import { previewRule } from './preview.ts';
import { raiseRevision } from './revision.ts';
import { openRuleBook } from './rule-book.ts';
import { changedRule, checkChannels, recordFields, wholeRule } from './rule-definition.ts';
import { readOrigins, refuseKeptByFile } from './rule-origins.ts';

const listQuery = Compile(ListRulesQuery);
const params = Compile(RuleParams);
const input = Compile(AlertRuleInput);
const change = Compile(AlertRuleChange);
const previewBody = Compile(RulePreviewBody);

export interface RuleRoutesOptions {
  readonly records: RecordStore;
  /** What previews are made of. */
  readonly events: Pick<EventStore, 'history' | 'aggregate' | 'export'>;
  /** Values of a tag that metrics tell apart. */
  readonly maxTagValues: number;
  readonly defined: DefinedMetrics;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
}

/** Alert rules of the caller's project. */
export function ruleRoutes({
  records,
  events,
  maxTagValues,
  defined,
  clock,
  newId,
  log,
}: RuleRoutesOptions): MountedRoute[] {
  const check = async (id: string, project: string, definition: AlertRuleDefinition): Promise<void> => {
    const book = await openRuleBook(project, defined);
    const rule = book.read(id, definition);
    await checkChannels(records, project, definition);
    for (const counted of [...rule.condition.counts, ...(rule.resolveCondition?.counts ?? [])])
      await defined.count(project, counted);
  };
  const refOf = (project: string, given: unknown): RecordRef => ({
    project,
    id: params.Parse(given).id.toLowerCase(),
  });
  const save = async (
    ref: RecordRef,
    definition: AlertRuleDefinition,
    options: WriteOptions,
  ): Promise<AlertRuleRecord> => {
    await check(ref.id, ref.project, definition);
    return records.transaction(async (tx) => {
      await refuseKeptByFile(tx, ref);
      const saved = await tx.update(alertRules, ref, recordFields(definition), options);
      await raiseRevision(tx, ref.project);
      return saved;
    });
  };
  const present = async (ref: RecordRef): Promise<AlertRuleRecord> => {
    const rule = await records.get(alertRules, ref);
    if (rule === null) throw new StreamFlowError('NotFound', 'There is no such rule');
    return rule;
  };

  return [
    {
      contract: listRules,
      async handle({ query, principal: { project } }) {
        const { enabled, level, ...page } = listQuery.Parse(query);
        const origins = await readOrigins(records, project);
        const where = {
          ...(enabled === undefined ? {} : { enabled }),
          ...(level === undefined ? {} : { level }),
        };
        return readPage(records, alertRules, { project, where }, page, (rule) =>
          viewRule(rule, origins.get(rule.id) ?? null),
        );
      },
    },
    {
      contract: createRule,
      async handle({ body, principal, reply }) {
        const { project } = principal;
        const definition = wholeRule(input.Parse(body));
        const id = newId();
        await check(id, project, definition);
        const rule = await records.transaction(async (tx) => {
          const made = await tx.insert(alertRules, { id, project, ...recordFields(definition) });
          await raiseRevision(tx, project);
          return made;
        });
        log.info('Alert rule created', { rule: id, by: principal.id });
        reply.header('etag', entityTag(rule));
        return envelope('Rule created successfully', viewRule(rule, null), clock.now());
      },
    },
    {
      contract: previewRuleContract,
      async handle({ body, principal: { project }, signal }) {
        const { rule, from, to } = previewBody.Parse(body);
        const book = await openRuleBook(project, defined);
        const ready = book.read(newId(), wholeRule(rule));
        const range = { project, from: Date.parse(from), to: Date.parse(to) };
        const source = { events, maxTagValues, definitions: await defined.list(project) };
        const preview = await previewRule(source, ready, range, signal, yieldToOthers);
        return envelope('Rule tried successfully', preview, clock.now());
      },
    },
    {
      contract: getRule,
      async handle({ params: given, principal: { project }, reply }) {
        const ref = refOf(project, given);
        const rule = await present(ref);
        const origin = await records.get(alertRuleOrigins, ref);
        reply.header('etag', entityTag(rule));
        return envelope('Rule retrieved successfully', viewRule(rule, origin?.file ?? null), clock.now());
      },
    },
    {
      contract: replaceRule,
      async handle({ params: given, body, headers, principal, reply }) {
        const ref = refOf(principal.project, given);
        await present(ref);
        const rule = await save(ref, wholeRule(input.Parse(body)), matchOptions(headers['if-match']));
        log.info('Alert rule replaced', { rule: ref.id, by: principal.id });
        reply.header('etag', entityTag(rule));
        return envelope('Rule updated successfully', viewRule(rule, null), clock.now());
      },
    },
    {
      contract: updateRule,
      async handle({ params: given, body, headers, principal, reply }) {
        const ref = refOf(principal.project, given);
        const before = await present(ref);
        const definition = changedRule(before.definition, change.Parse(body));
        // What is left out is as it was read: another change in between is found by the version.
        const options = { version: before.version, ...matchOptions(headers['if-match']) };
        const rule = await save(ref, definition, options);
        log.info('Alert rule changed', { rule: ref.id, by: principal.id });
        reply.header('etag', entityTag(rule));
        return envelope('Rule updated successfully', viewRule(rule, null), clock.now());
      },
    },
    {
      contract: deleteRule,
      async handle({ params: given, headers, principal }) {
        const ref = refOf(principal.project, given);
        const rule = await present(ref);
        await records.transaction(async (tx) => {
          await refuseKeptByFile(tx, ref);
          await tx.delete(alertRules, ref, matchOptions(headers['if-match']));
          await raiseRevision(tx, ref.project);
        });
        log.info('Alert rule deleted', { rule: ref.id, by: principal.id });
        return envelope('Rule deleted successfully', viewRule(rule, null), clock.now());
      },
    },
  ];
}

const viewRule = (
  { id, definition, created_at, updated_at, version }: AlertRuleRecord,
  managedBy: string | null,
): AlertRule => ({
  id,
  ...definition,
  managed_by: managedBy,
  created_at: timeText(created_at),
  updated_at: timeText(updated_at),
  version,
});
