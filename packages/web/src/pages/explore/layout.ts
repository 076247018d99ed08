export const chartHeight = 384;
