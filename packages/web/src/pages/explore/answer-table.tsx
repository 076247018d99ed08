import { rowName, rowsOf } from '../../lib/aggregation.ts';
import { formatChange, formatValue } from '../../lib/format.ts';
import { ScrollingTable } from '../../ui/scrolling-table.tsx';
import { type Answer, type Question, unitOf } from './question.ts';

export function AnswerTable({ answer, question }: { readonly answer: Answer; readonly question: Question }) {
  const { result, before } = answer;
  const unit = unitOf(question.metric);
  const earlier = new Map(rowsOf(before?.aggregations ?? {}).map((row) => [rowName(row), row.value]));
  const rows = [
    ...rowsOf(result.aggregations).map((row) => ({
      names: row.names,
      value: row.value,
      before: earlier.get(rowName(row)) ?? null,
    })),
    {
      names: ['All', ...question.by.slice(1).map(() => '')],
      value: result.total,
      before: before?.total ?? null,
    },
  ];
  return (
    <ScrollingTable>
      <thead>
        <tr>
          {(question.by.length === 0 ? [''] : question.by).map((name) => (
            <th key={name} scope="col">
              {name}
            </th>
          ))}
          <th className="number" scope="col">
            Value
          </th>
          {before === null ? null : (
            <>
              <th className="number" scope="col">
                Before
              </th>
              <th className="number" scope="col">
                Change
              </th>
            </>
          )}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <tr key={row.names.join('\n')}>
            {row.names.map((name, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: columns, whose order never changes
              <td key={at}>{name}</td>
            ))}
            <td className="number">{formatValue(row.value, unit)}</td>
            {before === null ? null : (
              <>
                <td className="number quiet">{formatValue(row.before, unit)}</td>
                <td className="number">
                  {row.value === null || row.before === null || row.before === 0
                    ? '–'
                    : formatChange((row.value - row.before) / row.before)}
                </td>
              </>
            )}
          </tr>
        ))}
      </tbody>
    </ScrollingTable>
  );
}
