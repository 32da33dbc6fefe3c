/* A table of rows, by the DOM alone: no text of the data is ever taken for HTML. */

/** Returns an element with properties and children. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter(child => child !== null));
  return made;
}

const NUMERIC = 'sandbox-Rows-number';
const NUMBER = /^(tinyint|smallint|bigint|u?int|float|double|halffloat|decimal)/;

/** Returns the table of a page. */
export function tableOf(page) {
  const numeric = page.columns.map(column => NUMBER.test(column.type));
  const heads = page.columns.map((column, index) =>
    element(
      'th',
      { scope: 'col', className: numeric[index] ? NUMERIC : '' },
      element('span', { className: 'sandbox-Rows-name', textContent: column.name }),
      element('span', { className: 'sandbox-Rows-type', textContent: column.type, title: column.type })
    )
  );
  const corner = element('th', { scope: 'col' }, element('span', { className: 'sandbox-hidden', textContent: 'Row' }));
  const rows = page.rows.map((row, index) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row', textContent: count(page.offset + index + 1) }),
      ...row.map((value, column) => cellOf(value, numeric[column]))
    )
  );
  return element(
    'table',
    {},
    element('caption', { className: 'sandbox-hidden', textContent: rangeOf(page) }),
    element('thead', {}, element('tr', {}, corner, ...heads)),
    element('tbody', {}, ...rows)
  );
}

function cellOf(value, numeric) {
  if (value === null) {
    return element('td', { className: `sandbox-Rows-null ${numeric ? NUMERIC : ''}`, textContent: 'null' });
  }
  const text = String(value);
  const cell = element('td', { className: numeric ? NUMERIC : '', textContent: text });
  if (text.length > 40) {
    cell.title = text;
  }
  return cell;
}

/** Returns `Rows 101–200 of 1,000`. */
export function rangeOf(page) {
  const of = page.total === null ? '' : ` of ${count(page.total)}`;
  if (page.rows.length === 0) {
    return page.total === 0 ? 'No rows' : `No more rows${of}`;
  }
  return `Rows ${count(page.offset + 1)}–${count(page.offset + page.rows.length)}${of}`;
}

/** Returns a number as people read it. */
export function count(number) {
  return number.toLocaleString('en-GB');
}

/** Returns a size as people read it. */
export function sizeOf(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; unit++) {
    bytes /= 1000;
  }
  return unit === 0 ? `${bytes} B` : `${bytes.toFixed(1)} ${units[unit]}`;
}
