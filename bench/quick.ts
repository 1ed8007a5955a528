// `npm run bench -- --quick` shows that everything runs; its figures say nothing.

export const quick = process.env['BENCH_QUICK'] === '1'
