// Reads what the loader will ask for out of an ELF file (64-bit, little-endian), so that checks
// need no binutils.

const SECTION = { DYNAMIC: 6, DYNSYM: 11, VERNEED: 0x6ffffffe, VERSYM: 0x6fffffff };
const DT_NEEDED = 1n;
const UNDEFINED = 0;
const SYMBOL_SIZE = 24;
const DYNAMIC_SIZE = 16;
// The top bit of a version index marks a hidden symbol; it is no part of the index.
const VERSION_MASK = 0x7fff;

/**
 * @typedef {object} Section
 * @property {number} type
 * @property {number} offset
 * @property {number} size
 * @property {number} link
 */

/**
 * @typedef {object} Elf
 * @property {number} type
 * @property {number} machine
 * @property {string[]} needed libraries that must be loaded first
 * @property {{ name: string, version: string | undefined }[]} imports
 * @property {string[]} exports
 */

/** @param {Buffer} bytes @returns {Section[]} */
function readSections(bytes) {
  const table = Number(bytes.readBigUInt64LE(0x28));
  const entry = bytes.readUInt16LE(0x3a);
  const count = bytes.readUInt16LE(0x3c);
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * entry;
    return {
      type: bytes.readUInt32LE(at + 4),
      offset: Number(bytes.readBigUInt64LE(at + 0x18)),
      size: Number(bytes.readBigUInt64LE(at + 0x20)),
      link: bytes.readUInt32LE(at + 0x28),
    };
  });
}

/** @param {Buffer} bytes @param {Section | undefined} table @param {number} at */
function text(bytes, table, at) {
  if (!table) throw new Error('ELF file without a string table');
  const start = table.offset + at;
  return bytes.toString('latin1', start, bytes.indexOf(0, start));
}

/** @param {Buffer} bytes @param {Section[]} sections */
function readNeeded(bytes, sections) {
  const dynamic = sections.find((section) => section.type === SECTION.DYNAMIC);
  if (!dynamic) return [];
  const needed = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += DYNAMIC_SIZE) {
    if (bytes.readBigInt64LE(at) !== DT_NEEDED) continue;
    const name = Number(bytes.readBigUInt64LE(at + 8));
    needed.push(text(bytes, sections[dynamic.link], name));
  }
  return needed;
}

/** @param {Buffer} bytes @param {Section[]} sections @returns {Map<number, string>} */
function readVersions(bytes, sections) {
  const versions = new Map();
  const section = sections.find((each) => each.type === SECTION.VERNEED);
  if (!section) return versions;
  let library = section.offset;
  for (let next = 1; next !== 0; library += next) {
    let version = library + bytes.readUInt32LE(library + 8);
    for (let count = bytes.readUInt16LE(library + 2); count > 0; count -= 1) {
      const name = text(bytes, sections[section.link], bytes.readUInt32LE(version + 8));
      versions.set(bytes.readUInt16LE(version + 6), name);
      version += bytes.readUInt32LE(version + 12);
    }
    next = bytes.readUInt32LE(library + 12);
  }
  return versions;
}

/** @param {Buffer} bytes @param {Section[]} sections */
function readSymbols(bytes, sections) {
  const imports = [];
  const exports = [];
  const symbols = sections.find((section) => section.type === SECTION.DYNSYM);
  const indexes = sections.find((section) => section.type === SECTION.VERSYM);
  const versions = readVersions(bytes, sections);
  const count = symbols ? symbols.size / SYMBOL_SIZE : 0;
  for (let index = 1; symbols && index < count; index += 1) {
    const at = symbols.offset + index * SYMBOL_SIZE;
    const name = text(bytes, sections[symbols.link], bytes.readUInt32LE(at));
    if (bytes.readUInt16LE(at + 6) !== UNDEFINED) {
      exports.push(name);
      continue;
    }
    const which = indexes ? bytes.readUInt16LE(indexes.offset + index * 2) & VERSION_MASK : 0;
    imports.push({ name, version: versions.get(which) });
  }
  return { imports, exports };
}

/** @param {Buffer} bytes @returns {Elf | undefined} undefined when this is not such a file */
export function readElf(bytes) {
  const isElf = bytes.length > 64 && bytes.toString('latin1', 0, 4) === '\x7fELF';
  if (!isElf || bytes[4] !== 2 || bytes[5] !== 1) return undefined;
  const sections = readSections(bytes);
  return {
    type: bytes.readUInt16LE(0x10),
    machine: bytes.readUInt16LE(0x12),
    needed: readNeeded(bytes, sections),
    ...readSymbols(bytes, sections),
  };
}
