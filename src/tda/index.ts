export { anomalyKinds, anomalySchema, type Anomaly, type AnomalyKind } from './anomaly.ts'
export { AnomalyFeed, anomalyEvents } from './anomaly-feed.ts'
export { ChannelCoupling, type Coupling, type CouplingOptions } from './channel-coupling.ts'
export { classify, type Classification } from './classify.ts'
export {
  detectSeries,
  StreamDetector,
  type DetectorOptions,
  type DetectorUpdate,
} from './detector.ts'
export { BacktestPage } from './backtest/backtest-page.ts'
export { bottleneckDistance, wassersteinDistance } from './diagram-distance.ts'
export { delayEmbedding, distanceMatrix, maxminSample, type PointCloud } from './embedding.ts'
export { topologyFeatures, type TopologyFeatures } from './features.ts'
export { ripsPersistence, type Bar, type Diagram } from './persistence.ts'
export { plotSeries, type PlotOptions } from './plot.ts'
export { correlation, medianAndSigma } from './robust-statistics.ts'
export { scanChannels, type ChannelScanOptions } from './scan-channels.ts'
export { scanSeries, type ScanOptions, type ScanResult, type SeriesInput } from './scan.ts'
export {
  openSeries,
  readSeries,
  readSeriesTable,
  type Series,
  type SeriesPoint,
  type SeriesTable,
} from './series.ts'
export { MeshTdaClient, type MeshTdaClientOptions } from './mesh-tda-client.ts'
export { patternPoints, windowPattern } from './pattern.ts'
export {
  patternSchema,
  resultSchema,
  type TdaClient,
  type TdaPattern,
  type TdaResult,
  tdaTypes,
} from './tda-client.ts'
export { tdaSchemaTexts } from './json-schemas.ts'
